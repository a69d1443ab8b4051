/* Places on the sphere: points are longitude and latitude in degrees. */
#ifndef CEP_PLACE_H
#define CEP_PLACE_H

#include "cep/value.h"

#define PLACE_RADIUS 6371008.8 /* m, the mean radius of the earth */

/* Metres along the great circle, by the haversine formula. */
double place_distance(Point a, Point b);

/* Degrees clockwise from north of the great circle from a to b, at a: 0 ≤ r < 360. */
double place_bearing(Point a, Point b);

#endif
